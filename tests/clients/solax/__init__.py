"""Tests of the SolaX client against the emulated cloud, over real HTTP and under a clock that is moved by hand."""
