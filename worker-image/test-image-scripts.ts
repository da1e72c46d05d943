// What the agent tries in the image, as programs for `node -e`.

/** A server, and a client that finds it by both addresses. */
export const loopbackScript = `
  const server = require('node:http').createServer((_, answer) => answer.end('hello'));
  server.listen(0, '::', async () => {
    const { port } = server.address();
    for (const [name, host] of [['v4', '127.0.0.1'], ['v6', '[::1]']])
      console.log(name, await (await fetch('http://' + host + ':' + port)).text());
    process.exit();
  });`;

/** How TCP to the task's credentials, to a machine, UDP and a name are refused. */
export const outsideScript = `
  const codeOf = (start) => new Promise((resolve) => {
    try { start(resolve); } catch (error) { resolve(error.code); }
  });
  const connect = (host) => (done) => require('node:net').connect(80, host).on('error', (error) => done(error.code));
  const send = (done) => require('node:dgram').createSocket('udp4').on('error', (error) => done(error.code)).send('x', 53, '127.0.0.1');
  const lookup = (done) => require('node:dns').lookup('example.com', (error) => done(error.code));
  (async () => {
    for (const start of [connect('169.254.170.2'), connect('10.0.0.1'), send, lookup]) console.log(await codeOf(start));
  })();`;

export const rightClaude = "#!/bin/sh\necho '2.1.330 (Claude Code)'";

/** For the supervisor's shell: names what lives of the uid; a zombie has ended. */
export const aliveScript = (uid: number) =>
  `for s in /proc/[0-9]*/status; do grep -qs '^Uid:.${uid}' $s && ! grep -qs '^State:.Z' $s && echo $s; done; true`;
