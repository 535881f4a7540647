"""Pure decisions about content: what may be submitted, who may approve what, what a publishing window is."""
