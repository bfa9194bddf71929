"""What can be set on this vendor's devices: what is offered, what is sent, what became of it."""
