"""One file per page; each shows a selection.

Not `pages/`: a folder of that name beside app.py Streamlit takes for its own.
"""
