"""Training networks over spectrograms: masked modelling without labels, and going on with labels."""
