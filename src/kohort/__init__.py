"""Kohort: audience segmentation that is exact, explained and proven."""
