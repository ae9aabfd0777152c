"""The answers: a gRPC client, the embedded server, and how a server is started."""
