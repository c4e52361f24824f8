import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved', () => {
    const clock = new ManualClock(1000);
    expect([clock.now(), clock.monotonic()]).toEqual([1000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1250, 250]);
  });

  it('fires timers in the order of their moments, each at its own time', () => {
    const clock = new ManualClock(0);
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
    clock.after(30, note('late'));
    clock.after(10, note('early'));
    clock.after(10, note('early too'));
    clock.after(31, note('never'));
    clock.advance(30);
    expect(fired).toEqual(['early@10', 'early too@10', 'late@30']);
    expect(clock.pending).toBe(1);
  });

  it('fires a timer that another timer started, if its moment has come', () => {
    const clock = new ManualClock(0);
    const fired: number[] = [];
    clock.after(10, () => {
      clock.after(5, () => fired.push(clock.now()));
      clock.after(50, () => fired.push(clock.now()));
    });
    clock.advance(20);
    expect(fired).toEqual([15]);
  });

  it('does not fire a cancelled timer, even one that is cancelled at its moment', () => {
    const clock = new ManualClock(0);
    const fired: string[] = [];
    const second = { cancel: () => {} };
    clock.after(10, () => second.cancel());
    Object.assign(
      second,
      clock.after(10, () => fired.push('second')),
    );
    clock.advance(10);
    expect(fired).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('jumps without firing or delaying timers', () => {
    const clock = new ManualClock(1000);
    let fired = 0;
    clock.after(10, () => {
      fired += 1;
    });
    clock.set(1_000_000);
    expect([clock.now(), fired]).toEqual([1_000_000, 0]);
    clock.set(500);
    clock.advance(9);
    expect(fired).toBe(0);
    clock.advance(1);
    expect([clock.now(), fired]).toEqual([510, 1]);
  });

  it('lets sleepers wake, go on and sleep again while time passes', async () => {
    const clock = new ManualClock(0);
    const woken: number[] = [];
    const loop = async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await clock.sleep(10);
        woken.push(clock.now());
      }
    };
    const done = loop();
    await clock.pass(25);
    expect(woken).toEqual([10, 20]);
    await clock.pass(5);
    await done;
    expect(woken).toEqual([10, 20, 30]);
  });

  it('runs what is to run soon without being moved', async () => {
    const clock = new ManualClock(0);
    await new Promise<void>((resolve) => clock.soon(resolve));
    expect(clock.now()).toBe(0);
  });
});
