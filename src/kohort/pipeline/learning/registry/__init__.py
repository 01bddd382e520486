"""All training runs with what is to be known of their models, and which of these is in force."""
