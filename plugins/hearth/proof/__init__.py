"""Proof: seals over what happened, packs for auditors, every stage compared with the ledger; nothing was changed or taken away."""
