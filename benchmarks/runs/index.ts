/**
 * Runs beside LangGraph.js: what a checkpoint costs on disk and in time.
 *
 * `npm run bench -- runs [quick]`. Every checkpoint of both sides is kept, and every step is
 * synced to disk before the next.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../measure.ts';
import { Report } from '../report.ts';
import { howToInstall, isInstalled, measureLangGraph } from './langgraph.ts';
import { figures } from './measured.ts';
import type { Measured } from './measured.ts';
import { measureOurs } from './ours.ts';
import { conversations, largeState, longThread } from './workload.ts';
import type { Workload } from './workload.ts';

const aims = { disk: 4, peerDisk: 1 / 20, peerStep: 1 / 5 };

export async function run(args: readonly string[]): Promise<void> {
  const isQuick = args.includes('quick');
  const report = new Report('runs');
  const base = process.env['BENCH_DIR'] ?? tmpdir();
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'holdfast-runs-'));
  const workloads = [
    largeState(isQuick ? 50 : 500),
    conversations(isQuick ? 10 : 100),
    longThread(isQuick ? 10 : 100),
  ];
  if (!isInstalled) console.log(`LangGraph.js is not installed (${howToInstall}); ours alone`);
  try {
    for (const workload of workloads) {
      if (workload === undefined) console.log('no recorded conversations here; left out');
      else await compareOn(workload, report, folder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (!isQuick) report.write();
}

async function compareOn(workload: Workload, report: Report, folder: string): Promise<void> {
  const ours = await measureOurs(workload, folder);
  const own = figures(ours, workload.changedBytes);
  const changed = { 'changed MB': workload.changedBytes / 1e6 };
  report.add({
    question: `${workload.name}: ours`,
    target: `disk at most ${aims.disk} times the bytes that changed, steps no slower in the end`,
    met: own['disk / changed bytes'] <= aims.disk && own['last tenth / first tenth'] < 1.5,
    figures: { ...own, ...changed },
  });
  if (!isInstalled) return;
  const full = await measureLangGraph(workload, 'full', folder);
  addPeer(report, `${workload.name}: LangGraph.js, SQLite saver`, workload, ours, full);
  const delta = await measureLangGraph(workload, 'delta', folder);
  addPeer(report, `${workload.name}: LangGraph.js, its delta channel`, workload, ours, delta);
}

function addPeer(
  report: Report,
  question: string,
  { changedBytes }: Workload,
  ours: Measured,
  peer: Measured,
): void {
  const disk = ours.diskBytes / peer.diskBytes;
  const step = median(ours.steps) / median(peer.steps);
  const isFull = question.endsWith('saver');
  report.add({
    question,
    target: isFull ? 'our disk 1/20 or less, our step 1/5 or less' : 'told, not judged',
    met: isFull ? disk <= aims.peerDisk && step <= aims.peerStep : undefined,
    figures: { 'our disk / its': disk, 'our step / its': step, ...figures(peer, changedBytes) },
  });
}
