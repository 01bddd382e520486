"""Where things are sent: the only rooms, with `collection`, that hold an HTTP client."""
