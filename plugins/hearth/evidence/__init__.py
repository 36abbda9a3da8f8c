"""Evidence: seals over what happened, packs for auditors, and the check that nothing was changed or taken away."""
