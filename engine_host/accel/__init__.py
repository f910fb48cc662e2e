"""How a velocity is run: the libraries and devices behind one callable."""
