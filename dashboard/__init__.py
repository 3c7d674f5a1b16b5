"""What was listened to, to look at: a local web app over the marts. `make dashboard` opens it."""
