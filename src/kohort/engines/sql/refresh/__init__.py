"""An evaluation that goes on from an earlier one in the same store: only what can have changed is read again."""
