"""Ways to find clusters beside k-means, each leaving plain parameters that give anybody their cluster later."""
