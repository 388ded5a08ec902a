// SPDX-License-Identifier: MIT
// A WebSocket server of npm's `ws` on a free port of 127.0.0.1, which it prints. It echoes, does
// what a text message that starts with "!" asks for, and prints how each connection was closed.
'use strict';
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  backlog: 2048,
  perMessageDeflate: { threshold: 64 },
  maxPayload: 64 << 20,
});

server.on('listening', () => console.log('listening ' + server.address().port));

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : data.toString();
    if (text === '!close') return socket.close(4001, 'as you wish');
    if (text === '!terminate') return socket.terminate();
    if (text === '!ping') return socket.ping('from the server');
    socket.send(data, { binary: isBinary });
  });
  socket.on('pong', (data) => socket.send('pong: ' + data));
  socket.on('close', (code, reason) => console.log('closed ' + code + ' ' + reason));
  socket.on('error', (error) => console.log('error ' + error.message));
});
