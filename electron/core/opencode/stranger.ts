/** Whether what listens somewhere is an OpenCode server. Asked without any password: it may be anybody. */

import { Agent, fetch } from "undici";

/** On loopback an answer takes milliseconds; who does not answer in this time is treated as no OpenCode. */
const ASK_MS = 1_500;

/** By the way it refuses a stranger (measured with 1.18: 401, realm "Secure Area"), or by its health where it has no password. */
export async function answersLikeOpencode(url: string, signal: AbortSignal): Promise<boolean> {
  const connection = new Agent();
  try {
    const response = await fetch(`${url}/global/health`, {
      dispatcher: connection,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]),
    });
    if (response.status === 401) {
      await response.body?.cancel();
      return (response.headers.get("www-authenticate") ?? "").includes('realm="Secure Area"');
    }
    const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
    if (!response.ok || !isJson || Number(response.headers.get("content-length") ?? "0") > 10_000) {
      await response.body?.cancel();
      return false;
    }
    const answer: unknown = await response.json();
    return typeof answer === "object" && answer !== null && "healthy" in answer && "version" in answer;
  } catch {
    // Nobody who speaks HTTP, or too slow: not an OpenCode that could be used.
    return false;
  } finally {
    await connection.destroy();
  }
}
