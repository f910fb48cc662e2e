"""What both sides agree on: messages, musical time, lanes, blocks. Pure."""
