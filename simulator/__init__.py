"""One imaginary listener's world: the exports Spotify would send, and the truth behind them."""
