"""What the API answers, field by field; fields that a newer server adds are passed over."""
