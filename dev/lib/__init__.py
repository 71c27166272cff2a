"""What dev/run, dev/test, dev/bootstrap and dev/env are made of."""
