// Docker's API over its socket, for what its files say to root only: one question, a short wait, a bounded answer. Whoever may ask it
// may do everything with the machine; nothing but this one GET is sent. https://docs.docker.com/reference/api/engine/

import { request } from "node:http";
import { memberAt } from "../base/json.ts";
import { type ContainerFacts, fromDocker } from "./container-files.ts";

const answerMax = 4 * 1024 * 1024;

/** What Docker says of the container whose id begins so; undefined: nothing, or not in time. Never rejects. */
export function askDocker(
  socketPath: string,
  id: string,
  timeoutMs: number,
): Promise<ContainerFacts | undefined> {
  if (!/^[0-9a-f]{12,64}$/.test(id)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const question = request({ socketPath, path: `/containers/${id}/json`, timeout: timeoutMs });
    const timer = setTimeout(() => question.destroy(), timeoutMs);
    timer.unref();
    const end = (facts: ContainerFacts | undefined): void => {
      clearTimeout(timer);
      question.destroy();
      resolve(facts);
    };
    question.on("error", () => end(undefined));
    question.on("timeout", () => end(undefined));
    question.on("close", () => end(undefined));
    question.on("response", (answer) => {
      if (answer.statusCode !== 200) return end(undefined);
      answer.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > answerMax) end(undefined);
        else chunks.push(chunk);
      });
      answer.on("error", () => end(undefined));
      answer.on("end", () => end(factsOf(id, Buffer.concat(chunks).toString("utf8"))));
      return undefined;
    });
    question.end();
  });
}

function factsOf(id: string, json: string): ContainerFacts | undefined {
  try {
    const answer: unknown = JSON.parse(json);
    if (typeof memberAt(answer, "Id") !== "string") return undefined;
    return fromDocker(id, answer, memberAt(answer, "HostConfig", "Privileged"));
  } catch {
    return undefined;
  }
}
