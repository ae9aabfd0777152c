"""What content is worth to a model, as a TFX component: on items without an event first of all."""
