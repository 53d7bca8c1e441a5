"""What requests may say: one file per noun, as in the routes."""
