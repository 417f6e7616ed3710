"""What the network lost of a lesson, asked of the browsers that sent it, and taken from them."""
