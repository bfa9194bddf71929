"""FusionSolar's client against its emulated cloud, over real HTTP."""
