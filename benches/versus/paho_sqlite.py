"""What one would write in Python instead: paho-mqtt and sqlite3.

Takes payments from MQTT, keeps each once, acknowledges a message after its commit, then says it.
With --batch 1 every message has a commit of its own; with more, those that wait share one.
"""

import argparse
import json
import queue
import shlex
import sqlite3
import subprocess
import threading

import paho.mqtt.client as mqtt

SCHEMA = """CREATE TABLE IF NOT EXISTS payment (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, reference TEXT NOT NULL, terminal TEXT NOT NULL, amount INTEGER NOT NULL,
    order_id TEXT, content TEXT, paid_at TEXT, received_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (account, reference))"""
INSERT = """INSERT INTO payment (account, reference, terminal, amount, order_id, content, paid_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""


def arguments():
    parser = argparse.ArgumentParser()
    for name in ["host", "ca", "user", "password-file", "client-id", "account", "terminal", "db"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--voice", help="a command that takes the sentence on its stdin")
    return parser.parse_args()


def open_db(path):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(SCHEMA)
    return db


def decode(args, message):
    """The row of a payment in; None for what is none."""
    try:
        told = json.loads(message.payload)
        amount = int(told["amount"])
        if told["bankAccount"] != args.account or told["transType"] != "C" or amount != told["amount"] or amount <= 0:
            return None
        return (told["bankAccount"], told["referenceNumber"], args.terminal, amount,
                told.get("orderId"), told.get("content"), told.get("timePaid"))
    except (ValueError, KeyError, TypeError):
        return None


def store(db, rows):
    """Keeps the rows in one commit. Gives the amounts of those that are new."""
    new = []
    db.execute("BEGIN IMMEDIATE")
    for row in rows:
        if row is not None and db.execute(INSERT, row).rowcount == 1:
            new.append(row[3])
    db.execute("COMMIT")
    return new


def speak(command, amounts):
    while True:
        sentence = f"Đã nhận {amounts.get():,} đồng\n".replace(",", ".")
        subprocess.run(command, input=sentence.encode(), stdout=subprocess.DEVNULL, check=False)


def keep(args, client, messages, done):
    """Commits what waits, at most --batch messages at once, and acknowledges it."""
    db = open_db(args.db)
    while True:
        batch = [messages.get()]
        while len(batch) < args.batch:
            try:
                batch.append(messages.get_nowait())
            except queue.Empty:
                break
        done(store(db, [decode(args, message) for message in batch]), batch)


def main():
    args = arguments()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, args.client_id, clean_session=False, manual_ack=True)
    client.tls_set(ca_certs=args.ca)
    with open(args.password_file, encoding="utf-8") as file:
        client.username_pw_set(args.user, file.read().strip())
    client.on_connect = lambda client, *_: client.subscribe(f"vietqr/bdsd/{args.terminal}", qos=1)
    amounts = queue.Queue()
    if args.voice:
        threading.Thread(target=speak, args=(shlex.split(args.voice), amounts), daemon=True).start()

    def done(new, batch):
        for message in batch:
            client.ack(message.mid, message.qos)
        if args.voice:
            for amount in new:
                amounts.put(amount)

    if args.batch == 1:
        db = open_db(args.db)
        client.on_message = lambda _client, _data, message: done(store(db, [decode(args, message)]), [message])
    else:
        messages = queue.Queue()
        threading.Thread(target=keep, args=(args, client, messages, done), daemon=True).start()
        client.on_message = lambda _client, _data, message: messages.put(message)
    client.connect(args.host, args.port, keepalive=60)
    client.loop_forever()


main()
