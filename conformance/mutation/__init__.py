# SPDX-License-Identifier: MIT
"""Faults put into the kernels on purpose, to measure what the conformance suite catches."""
