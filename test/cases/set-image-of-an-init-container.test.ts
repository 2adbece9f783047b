import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { serin } from '../cli/support.ts';
import { openRelease } from '../simulate/releasesStage.ts';

// A native sidecar is an init container, and its image is set like any other.

const file = 'test/cases/set-image-of-an-init-container.yaml';
const { spec = {} } = parse(readFileSync(file, 'utf8')) as Rollout;

async function set(container: string, image: string) {
  const release = await openRelease(spec);
  await release.command({ verb: 'image', container, image });
  const { containers = [], initContainers = [] } = release.dog.live()?.spec?.template?.spec ?? {
    containers: [],
  };
  const [entry] = (await release.ledger()).filter(({ kind }) => kind === 'command').slice(-1);
  return {
    images: [...initContainers, ...containers].map((each) => each.image),
    said: entry?.text ?? '',
    where: release.where(),
  };
}

describe('set image', () => {
  it('sets the image of a native sidecar, and of nothing else', async () => {
    const { images, said, where } = await set('proxy', 'proxy:2');
    expect(images).toEqual(['proxy:2', 'nginx:1']);
    expect(said).toMatch(/done.*The image of proxy is proxy:2/);
    expect(where).toMatch(/Paused/);
  });

  it('sets all of them with *', async () => {
    const { images, said } = await set('*', 'all:3');
    expect(images).toEqual(['all:3', 'all:3']);
    expect(said).toMatch(/done\. The image of all containers is all:3\.$/);
  });

  it('names them all when it refuses', async () => {
    const { images, said } = await set('prox', 'proxy:2');
    expect(said).toMatch(/no container prox. Containers: c, proxy\./);
    expect(images).toEqual(['proxy:1', 'nginx:1']);
  });

  it('tells of the images that are released, the sidecars among them', async () => {
    const release = await openRelease(spec);
    await release.command({ verb: 'image', container: 'proxy', image: 'proxy:2' });
    const texts = (await release.ledger()).map(({ text }) => text);
    expect(texts).toContain('Revision 2 of nginx:1, proxy:2 is to be released');
  });
});

describe('simulate', () => {
  it.each([
    ['proxy=proxy:2', 'nginx:1, proxy:2'],
    ['*=all:3', 'all:3'],
  ])('releases %s', async (image, released) => {
    const { code, out } = await serin(['simulate', file, '--image', image, '--json']);
    const { phase, steps } = JSON.parse(out) as SimulatedRelease;
    expect(steps[0]?.happened).toEqual([`Revision 2 of ${released} is to be released`]);
    expect(phase).toBe('Paused');
    expect(code).toBe(0);
  });
});
