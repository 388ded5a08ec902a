#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// run.mjs SLUICE FOLDER: the public conformance suite for HTTP caches (npm's http-cache-tests, in
// FOLDER/node_modules) against SLUICE. Prints what does not pass and a summary; fails where that is
// not what deviations.mjs says, in either direction.
//
// The suite's own origin, Sluice in front of it, and the suite's client, all on loopback.

import { spawn } from 'node:child_process'
import { createWriteStream, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { resolve } from 'node:path'
import { deviations } from './deviations.mjs'

const [sluice, folder] = process.argv.slice(2).map((path) => resolve(path))
const suite = `${folder}/node_modules/http-cache-tests`
const started = []

function fail (why) {
  console.error(`conformance: ${why}`)
  process.exitCode = 1
}

function freePort () {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function opens (port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.on('connect', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => resolve(false))
  })
}

// Runs it until this program ends; returns when its port is open.
async function start (name, port, command, args, env = {}) {
  const log = createWriteStream(`${folder}/${name}.log`)
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env } })
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  started.push(child)
  const deadline = Date.now() + 20_000
  while (!await opens(port)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`${name} does not open port ${port}; see ${folder}/${name}.log`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function startAll () {
  const origin = await freePort()
  const proxy = await freePort()
  await start('origin', origin, process.execPath, [`${suite}/server/server.mjs`], {
    npm_config_protocol: 'http',
    npm_config_port: String(origin),
    npm_config_pidfile: `${folder}/origin.pid`
  })
  writeFileSync(`${folder}/sluice.json`, JSON.stringify({
    workers: 1,
    listeners: [{ address: `127.0.0.1:${proxy}` }],
    pools: { origin: { backends: [`localhost:${origin}`] } },
    routes: [{ match: {}, forward: { pool: 'origin' }, cache: { set_cookie: true } }],
    access_log: { path: `${folder}/access.log` }
  }))
  await start('sluice', proxy, sluice, ['run', `${folder}/sluice.json`])
  return `http://127.0.0.1:${proxy}`
}

// Those for browsers' caches are left out.
async function runSuite (base) {
  const [{ default: suites }, runner, { default: fetch }] = await Promise.all([
    import(`${suite}/tests/index.mjs`), import(`${suite}/client/runner.mjs`),
    import(`${folder}/node_modules/node-fetch/lib/index.mjs`)])
  await runner.runTests(suites, fetch, false, base)
  const results = runner.getResults()
  return suites.flatMap((one) => one.tests)
    .filter((test) => test.browser_only !== true)
    .map(({ id, kind = 'required' }) => ({ id, kind, result: results[id] }))
}

function judge (tests) {
  const judged = tests.filter(({ kind }) => kind !== 'check')
  for (const { id, kind, result } of judged) {
    const passed = result === true
    if (!passed) console.log(`${kind} ${id}: ${result}\n    ${deviations[id] ?? '(unknown)'}`)
    if (!passed && !(id in deviations)) fail(`${id} does not pass any more`)
    if (passed && id in deviations) fail(`${id} passes: take it off the deviations`)
  }
  for (const id of Object.keys(deviations)) {
    if (!judged.some((test) => test.id === id)) fail(`no test has the id ${id}`)
  }
  for (const kind of ['required', 'optimal']) {
    const of = judged.filter((test) => test.kind === kind)
    console.log(`${kind}: ${of.filter(({ result }) => result === true).length} of ${of.length} pass`)
  }
}

try {
  judge(await runSuite(await startAll()))
} catch (error) {
  fail(error.message)
} finally {
  for (const child of started) child.kill()
}
