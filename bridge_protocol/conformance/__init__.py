"""Golden vectors and the checks that any client or engine can be held to."""
