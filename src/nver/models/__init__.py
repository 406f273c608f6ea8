"""Networks that nver implements itself, as torch modules: numbers and tensors in, tensors out."""
