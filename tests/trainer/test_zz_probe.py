from trainer.scoring import *
def test_a(network, rows):
    import trainer.scoring as s
    print(s.catalogue_vectors(network))
def test_b(network, rows):
    import trainer.scoring as s
    print(s.user_outputs(network, rows(4)))
