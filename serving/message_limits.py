"""How large a message may be: gRPC's own limit of 4 MiB is too small for many candidates."""

MAX_MESSAGE_BYTES = 16 * 1024 * 1024

MESSAGE_LIMITS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]
