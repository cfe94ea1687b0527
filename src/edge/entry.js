// The Worker's entry points, and the Wasm instance behind them.
//
// A panic aborts the instance with everything in it; the next call gets a new one. Records are in storage and
// outlive it, so nothing is lost but the requests that were under way.

import { DurableObject } from "cloudflare:workers";
import * as gate from "session-gate";

const state = gate.__worker_init_state();

addEventListener("error", (event) => notice(event.error));

/** @param {unknown} error */
function notice(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error("Critical", error);
  state.criticalError = true;
}

/**
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function inLiveInstance(work) {
  if (state.criticalError) {
    console.log("Reinitializing Wasm application");
    gate.__wbg_reset_state();
    state.criticalError = false;
    state.instanceId += 1;
  }
  try {
    return work();
  } catch (error) {
    notice(error);
    throw error;
  }
}

/** @type {ExportedHandler<gate.Bindings>} */
export default {
  fetch: (request, env, context) => inLiveInstance(() => gate.serve(request, env, context)),
};

/** When an alarm that failed goes off again, in milliseconds. */
const ALARM_AGAIN = 30 * 60_000;

/**
 * What of an object is in Rust.
 * @typedef {{ run(command: string): string, alarm(): void }} InRust
 */

/** What a watch says from time to time to hear whether it is still there; the platform answers without waking an object. */
const BEAT = new WebSocketRequestResponsePair("?", "!");

/**
 * An object; its one method takes a command and returns the reply, both as JSON.
 * @extends {DurableObject<gate.Bindings>}
 */
class GateObject extends DurableObject {
  /** @type {InRust | undefined} */
  #object;
  /** @type {number | undefined} */
  #instanceId;
  /** @type {new (context: DurableObjectState, env: gate.Bindings) => InRust} */
  #Class;

  /**
   * @param {DurableObjectState} context
   * @param {gate.Bindings} env
   * @param {new (context: DurableObjectState, env: gate.Bindings) => InRust} Class
   */
  constructor(context, env, Class) {
    super(context, env);
    this.#Class = Class;
  }

  /** @param {string} command */
  run(command) {
    return inLiveInstance(() => this.#inInstance().run(command));
  }

  /**
   * Never gives up: the platform tries an alarm that fails six times more and then forgets it, and what has expired
   * would stay. So whatever fails here, a wrong configuration or a panic as well, is logged, and it looks again later.
   */
  async alarm() {
    try {
      inLiveInstance(() => this.#inInstance().alarm());
    } catch (error) {
      console.error(`the alarm failed and will go off again: ${/** @type {any} */ (error)?.message ?? error}`);
      await this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN);
    }
  }

  /**
   * What is in Rust does some work.
   * @template T
   * @param {(object: any) => T} work
   * @returns {T}
   */
  inRust(work) {
    return inLiveInstance(() => work(this.#inInstance()));
  }

  #inInstance() {
    if (this.#object === undefined || this.#instanceId !== state.instanceId) {
      this.#object = new this.#Class(this.ctx, this.env);
      this.#instanceId = state.instanceId;
    }
    return this.#object;
  }
}

/** The sessions of a user. */
export class UserSessions extends GateObject {
  /**
   * @param {DurableObjectState} context
   * @param {gate.Bindings} env
   */
  constructor(context, env) {
    super(context, env, gate.UserSessions);
  }

  /**
   * A command about a session that is to be watched: where it lives, the reply comes as the first message of a
   * WebSocket, which is closed in the step that ends the session. Nothing awaits between the row and the watch.
   * @param {Request} request
   */
  fetch(request) {
    const command = request.headers.get("gate-command") ?? "";
    const said = this.inRust((/** @type {gate.UserSessions} */ object) => object.watch(command));
    const [id, ...message] = said.split("\n");
    if (message.length === 0) return new Response(said);
    const { 0: outer, 1: watch } = new WebSocketPair();
    this.ctx.acceptWebSocket(watch, [id ?? ""]);
    this.ctx.setWebSocketAutoResponse(BEAT);
    watch.send(message.join("\n"));
    return new Response(null, { status: 101, webSocket: outer });
  }
}

/** Where a session's id at a provider leads to. */
export class SidIndex extends GateObject {
  /**
   * @param {DurableObjectState} context
   * @param {gate.Bindings} env
   */
  constructor(context, env) {
    super(context, env, gate.SidIndex);
  }
}
