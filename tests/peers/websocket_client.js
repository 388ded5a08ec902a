// SPDX-License-Identifier: MIT
// A WebSocket client of npm's `ws`: `websocket_client.js URL talk` goes through what the protocol
// has, `websocket_client.js URL crowd N` opens N connections at once, all of which echo. Prints
// "ok" at the end, or why not.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const { once } = require('events');
const WebSocket = require('ws');

const [url, what, count] = process.argv.slice(2);

async function open(options) {
  const socket = new WebSocket(url, { rejectUnauthorized: false, ...options });
  await once(socket, 'open');
  return socket;
}

async function nextMessage(socket) {
  const [data, isBinary] = await once(socket, 'message');
  return isBinary ? data : data.toString();
}

async function echoes(socket, message) {
  socket.send(message);
  assert.deepStrictEqual(await nextMessage(socket), message);
}

// Both ways at once: all are sent before the first is awaited.
async function echoesMany(socket, messages) {
  const received = [];
  const done = new Promise((resolve) => {
    socket.on('message', (data) => {
      received.push(data);
      if (received.length === messages.length) resolve();
    });
  });
  for (const message of messages) socket.send(message);
  await done;
  socket.removeAllListeners('message');
  messages.forEach((message, i) => assert(message.equals(received[i])));
}

// A control frame and a message, which may come in one read.
async function both(socket, event, data, message) {
  const [[frame], text] = await Promise.all([once(socket, event), nextMessage(socket)]);
  assert.deepStrictEqual([String(frame), text], [data, message]);
}

async function talk() {
  for (const perMessageDeflate of [false, true]) {
    const socket = await open({ perMessageDeflate });
    assert.strictEqual(socket.extensions.includes('permessage-deflate'), perMessageDeflate);
    await echoes(socket, 'hello');
    await echoes(socket, '');
    await echoes(socket, 'ä'.repeat(40000));
    await echoes(socket, Buffer.from([0, 255, 13, 10, 13, 10]));
    await echoesMany(socket, Array.from({ length: 8 }, () => crypto.randomBytes(1 << 20)));

    socket.send('in ', { fin: false });
    socket.send('three ', { fin: false });
    socket.ping('between');  // a control frame may stand between fragments
    socket.send('pieces', { fin: true });
    await both(socket, 'pong', 'between', 'in three pieces');

    socket.send('!ping');
    await both(socket, 'ping', 'from the server', 'pong: from the server');

    socket.close(4000, 'enough');
    const [code, reason] = await once(socket, 'close');
    assert.deepStrictEqual([code, String(reason)], [4000, 'enough']);
  }

  const asking = await open();
  asking.send('!close');
  const [code, reason] = await once(asking, 'close');
  assert.deepStrictEqual([code, String(reason)], [4001, 'as you wish']);

  const cut = await open();
  cut.send('!terminate');
  assert.strictEqual((await once(cut, 'close'))[0], 1006);

  const gone = await open();
  await echoes(gone, 'there');
  gone.terminate();
  await once(gone, 'close');
}

async function crowd() {
  const sockets = await Promise.all(Array.from({ length: count }, () => open()));
  await Promise.all(sockets.map((socket, i) => echoes(socket, 'message of ' + i)));
  await Promise.all(sockets.map((socket, i) => echoes(socket, Buffer.alloc(5000, i))));
  await Promise.all(sockets.map(async (socket) => {
    socket.close(1000);
    assert.strictEqual((await once(socket, 'close'))[0], 1000);
  }));
}

(what === 'crowd' ? crowd() : talk()).then(
  () => console.log('ok'),
  (error) => {
    console.log(error.stack);
    process.exit(1);
  });
