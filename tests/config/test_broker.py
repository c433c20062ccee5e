from pgmq.base import PGMQConfig
from psycopg.conninfo import conninfo_to_dict

from config import broker

DATABASE = {
    "NAME": "my books",
    "USER": "o'hara",
    "PASSWORD": r"p@ss w\rd'",
    "HOST": "/var/run/my server",
    "PORT": "",
    "OPTIONS": {"sslmode": "require", "pool": True},
}


def test_the_database_reaches_the_queue_client_unharmed() -> None:
    """Its client takes the string apart and joins the values without quotes; libpq must still understand."""
    options = broker.transport_options("pgmq://our-database", DATABASE, visibility_timeout=9)
    understood = conninfo_to_dict(PGMQConfig(conn_string=options["conn_string"]).dsn)
    assert understood == {
        "dbname": "my books",
        "user": "o'hara",
        "password": r"p@ss w\rd'",
        "host": "/var/run/my server",
        "port": "5432",
        "sslmode": "require",
    }


def test_a_host_in_the_options_is_the_socket_folder() -> None:
    database = {
        "NAME": "app",
        "USER": "app",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "OPTIONS": {"host": "/s"},
    }
    options = broker.transport_options("pgmq://our-database", database, visibility_timeout=9)
    understood = conninfo_to_dict(PGMQConfig(conn_string=options["conn_string"]).dsn)
    assert understood["host"] == "/s"
    assert understood["user"] == understood["dbname"] == "app"


def test_each_broker_gets_only_the_options_it_knows() -> None:
    assert broker.transport_options("amqp://h", DATABASE, visibility_timeout=9) == {}
    assert broker.transport_options("redis://h", DATABASE, visibility_timeout=9) == {"visibility_timeout": 9}
    another = broker.transport_options("pgmq://u:p@h/another", DATABASE, visibility_timeout=9)
    assert "conn_string" not in another
    assert another["init_extension"] is False


def test_the_plain_address_means_our_own_database() -> None:
    assert broker.address("pgmq://") == "pgmq://our-database"
    assert broker.address("redis://h/1") == "redis://h/1"
    assert broker.is_pgmq("pgmq://our-database")
    assert not broker.is_pgmq("redis://h/1")
