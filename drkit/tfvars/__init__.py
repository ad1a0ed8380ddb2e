"""The variables of the Terraform stack: written from a topology, and checked against the stack."""
