"""Trainings that somebody asks for: planned, kept in the state store, and worked on by a process of their own."""
