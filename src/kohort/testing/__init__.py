"""What tests of Kohort, and of what is built on it, share."""
