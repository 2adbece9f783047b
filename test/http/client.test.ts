import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import { asking, openPolicy, server } from './stage.ts';

describe('a request', () => {
  it('goes out as it is given, and its answer comes back', async () => {
    const { url, port, came } = await server((_, response) => {
      response.writeHead(201, { 'X-Some': 'thing' }).end('{"a":1}');
    });
    const answer = await asking()(`${url}/a%20b?q=1&q=2`, {
      ...{ method: 'POST', body: 'ä' },
      headers: [
        ['Content-Type', 'text/plain'],
        ['x-key', 'one'],
        ['X-Key', 'two'],
        ['Host', 'elsewhere'],
      ],
    });
    expect(answer).toMatchObject({ status: 201, headers: { 'x-some': 'thing' }, body: '{"a":1}' });
    expect(came).toEqual([
      {
        line: 'POST /a%20b?q=1&q=2',
        headers: {
          'User-Agent': 'serin/test',
          'Accept-Encoding': 'gzip',
          'Content-Type': 'text/plain',
          'X-Key': 'two',
          'Content-Length': '2',
          Host: `127.0.0.1:${port}`,
        },
        body: 'ä',
      },
    ]);
  });

  it('with a user in its address says so in a header', async () => {
    const { url, came } = await server((_, response) => response.end());
    await asking()(url.replace('http://', 'http://me:p%40ss@'));
    expect(came[0]?.headers.Authorization).toBe(`Basic ${btoa('me:p@ss')}`);
  });

  it('takes an answer that is packed', async () => {
    const { url } = await server((_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('packed'));
    });
    await expect(asking()(url)).resolves.toMatchObject({ body: 'packed' });
  });

  it('does not wait for the end of an answer that is too long, however it is packed', async () => {
    const long = Buffer.alloc(10 * 1024 * 1024, 'a');
    const { url } = await server(({ line }, response) => {
      if (line.endsWith('/packed')) {
        response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(long));
      } else response.end(long);
    });
    const longer = 'the answer is longer than 1 MiB';
    const ask = asking();
    await expect(ask(url)).rejects.toThrow(new Terminal(`Get "${url}/": ${longer}`));
    await expect(ask(`${url}/packed`)).rejects.toThrow(longer);
  });

  it('that nobody answers says why, without the password in the address', async () => {
    const ask = asking();
    const refused = ask('http://me:secret@127.0.0.1:1/');
    await expect(refused).rejects.toThrow(
      new Terminal(
        'Get "http://me:***@127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
      ),
    );
    const unknown = ask('http://no-such-host.invalid/');
    await expect(unknown).rejects.toThrow(/dial tcp: lookup no-such-host\.invalid/);
    await expect(ask('ftp://example.com/')).rejects.toThrow('unsupported protocol scheme "ftp"');
    await expect(ask('example')).rejects.toThrow('"example" is no address of a server');
  });

  it('waits as long as it may, and then it is what was measured', async () => {
    const { url } = await server(() => {});
    const late = asking()(url, { timeoutMs: 50 });
    await expect(late).rejects.toThrow(
      new Terminal(`Get "${url}/": context deadline exceeded: no answer within 0.05 s`),
    );
    const longest = asking({ longestMs: 40 })(url, { timeoutMs: 60_000 });
    await expect(longest).rejects.toThrow('no answer within 0.04 s');
  });

  it('for which there is no time before the process ends is made another time', async () => {
    const { url, came } = await server(() => {});
    const now = () => 1_000_000;
    // Ten seconds are for what a turn does afterwards.
    const none = asking({ now }, 1_000_000 + 10_000);
    await expect(none(url)).rejects.toThrow(Transient);
    expect(came).toEqual([]);
    const little = asking({ now }, 1_000_000 + 10_050);
    await expect(little(url, { timeoutMs: 1000 })).rejects.toThrow(Transient);
    expect(came).toHaveLength(1);
  });

  it('is one of fifty that are under way at once', async () => {
    const open: { end: () => void }[] = [];
    const { url } = await server((_, response) => open.push({ end: () => response.end('x') }));
    const ask = asking();
    const all = Promise.all(Array.from({ length: 60 }, () => ask(url)));
    await expect.poll(() => open.length).toBe(50);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(open).toHaveLength(50);
    for (const { end } of open.splice(0)) end();
    await expect.poll(() => open.length).toBe(10);
    for (const { end } of open.splice(0)) end();
    await expect(all).resolves.toHaveLength(60);
  });
});

describe('a redirect', () => {
  it('is followed, with its headers to the same origin only', async () => {
    const other = await server((_, response) => response.end('there'));
    const first = await server(({ line }, response) => {
      const location = line === 'GET /a' ? '/b' : `http://localhost:${other.port}/c`;
      response.writeHead(302, { Location: location }).end();
    });
    const headers = [
      ['Authorization', 'Bearer x'],
      ['DD-API-KEY', 'y'],
      ['Cookie', 'z'],
    ] as const;
    await expect(asking()(`${first.url}/a`, { headers })).resolves.toMatchObject({ body: 'there' });
    expect(first.came.map(({ line, headers: { Authorization } }) => [line, Authorization])).toEqual(
      [
        ['GET /a', 'Bearer x'],
        ['GET /b', 'Bearer x'],
      ],
    );
    expect(other.came.map(({ headers }) => headers)).toEqual([
      {
        'User-Agent': 'serin/test',
        'Accept-Encoding': 'gzip',
        Host: `localhost:${other.port}`,
      },
    ]);
  });

  it('takes no body to another origin, and keeps it at its own', async () => {
    const other = await server((_, response) => response.end('there'));
    const first = await server(({ line }, response) => {
      if (line === 'POST /kept') response.writeHead(307, { Location: '/b' }).end();
      else if (line === 'POST /got') response.writeHead(303, { Location: '/b' }).end();
      else if (line.endsWith('/b')) response.end('b');
      else response.writeHead(307, { Location: other.url }).end();
    });
    const ask = asking();
    const post = { method: 'POST', body: 'secret' };
    await ask(`${first.url}/kept`, post);
    await ask(`${first.url}/got`, post);
    const away = ask(`${first.url}/away`, post);
    await expect(away).rejects.toThrow('a body is not sent on to another origin');
    expect(first.came.map(({ line, body }) => [line, body])).toEqual([
      ['POST /kept', 'secret'],
      ['POST /b', 'secret'],
      ['POST /got', 'secret'],
      ['GET /b', ''],
      ['POST /away', 'secret'],
    ]);
    expect(other.came).toEqual([]);
  });

  it('that never ends is an error', async () => {
    const { url, came } = await server((_, response) =>
      response.writeHead(301, { Location: '/again' }).end(),
    );
    await expect(asking()(url)).rejects.toThrow('stopped after 10 redirects');
    expect(came).toHaveLength(11);
  });

  it('to an address that may not be reached is refused', async () => {
    const { url } = await server((_, response) =>
      response.writeHead(302, { Location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    );
    await expect(asking()(url)).rejects.toThrow(
      '169.254.169.254 is a link-local, metadata or reserved address',
    );
    const odd = await server((_, response) =>
      response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
    );
    await expect(asking()(odd.url)).rejects.toThrow('unsupported protocol scheme "file"');
  });
});

describe('an address', () => {
  const closed = {
    ...openPolicy,
    openZones: [],
    hosts: ['metrics.corp', '*.inner'],
    remedy: 'ask',
  };

  it('in any form that stands for a closed one is refused', async () => {
    const ask = asking({ policy: closed });
    const all = [
      ...[
        'http://127.0.0.1:9001/',
        'http://2130706433:9001/',
        'http://0x7f.1/',
        'http://017700000001/',
      ],
      ...['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://127.1/', 'http://localhost/'],
      ...['http://10.0.0.1/', 'http://[fd12::1]/', 'http://[::ffff:a00:1]/', 'http://0/'],
      ...['http://169.254.169.254/', 'http://[fd00:ec2::254]/', 'http://2852039166/'],
      ...['http://１２７.0.0.1/', 'http://①②⑦.0.0.1/', 'http://[64:ff9b::7f00:1]/'],
    ];
    for (const url of all) {
      await expect(ask(url), url).rejects.toThrow(
        /this machine itself|in a private network|link-local, metadata or reserved/,
      );
    }
  });

  it('that the resolver gives is what counts, all of them, and it is connected to no other', async () => {
    const { port, came } = await server((_, response) => response.end('inside'));
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return (answers.shift() ?? ['127.0.0.1']).map((address) => ({ address, family: 4 }));
    };
    // It says a public address when it is checked, and this machine to whoever asks again.
    const rebound = asking({ policy: closed, resolve })(`http://rebind.example:${port}/`, {
      timeoutMs: 300,
    });
    await expect(rebound).rejects.toThrow(Terminal);
    expect(asked).toEqual(['rebind.example']);
    const both = async () => ['8.8.8.8', '10.0.0.1'].map((address) => ({ address, family: 4 }));
    await expect(asking({ policy: closed, resolve: both })('http://two.example/')).rejects.toThrow(
      'Get "http://two.example/": two.example (10.0.0.1) is an address in a private network: ask',
    );
    expect(came).toEqual([]);
  });

  it('in a private network is reached where the settings name its host, and metadata never', async () => {
    const to = (address: string) => async () => [{ address, family: 4 }];
    const tried = async (host: string, address: string) =>
      await asking({ policy: closed, resolve: to(address) })(`http://${host}:1/`, {
        timeoutMs: 200,
      }).catch((error: Error) => error.message);
    for (const host of ['metrics.corp', 'METRICS.corp.', 'a.inner']) {
      expect(await tried(host, '10.255.255.1')).not.toContain('private network');
    }
    expect(await tried('other.corp', '10.255.255.1')).toContain('private network');
    expect(await tried('inner', '10.255.255.1')).toContain('private network');
    expect(await tried('metrics.corp', '127.0.0.1')).toContain('this machine itself');
    expect(await tried('metrics.corp', '169.254.169.254')).toContain('link-local');
  });
});
