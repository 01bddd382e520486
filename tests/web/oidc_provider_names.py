"""What the server of OpenID Connect of the tests and who asks it agree on."""

CLIENT, SECRET = "kohort", "between us: &=+"
