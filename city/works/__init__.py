"""What follows from a cold winter: who comes in person, who is visited, what is mended, renewed and built in summer."""
