"""Tests of the runner, on a program that needs nothing of the rest of the package."""
