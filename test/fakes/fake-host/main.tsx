import "../../../renderer/nonce.ts";
import { start } from "../../../renderer/start.tsx";
import { createFakeHost } from "./fake-host.ts";

const scenario = new URLSearchParams(location.search).get("scenario") ?? "ready";
const fake = createFakeHost(scenario);
Object.assign(window, { fakeHost: fake });
start(fake.connection);
