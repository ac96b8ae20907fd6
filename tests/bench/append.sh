#!/bin/sh
# The least that an agent can do: one changed line.
echo "print(1)" >> file0.py
