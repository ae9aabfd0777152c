"""The service: a gRPC client, the embedded server, and how a server is started."""
