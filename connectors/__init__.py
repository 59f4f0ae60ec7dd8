"""All that touches the world: the broker, the object store, the database, telemetry."""
