// What the Wasm exports: wasm-bindgen's glue, by the name under which the build binds it.

declare module "session-gate" {
  /** The Worker's bindings and variables, which `config` reads. */
  export type Bindings = Record<string, unknown>;

  export function serve(request: Request, env: Bindings, context: ExecutionContext): Promise<Response>;

  /** What of a user's object is in Rust. */
  export class UserSessions {
    constructor(context: DurableObjectState, env: Bindings);
    run(command: string): string;
    watch(command: string): string;
    alarm(): void;
  }

  /** What of an index object is in Rust. */
  export class SidIndex {
    constructor(context: DurableObjectState);
    run(command: string): string;
    alarm(): void;
  }

  /** Which instance of the Wasm lives, and whether it has panicked. */
  export function __worker_init_state(): { criticalError: boolean; instanceId: number };

  /** Makes a new instance. */
  export function __wbg_reset_state(): void;
}

/** The platform tells of errors that nothing caught, which its types leave out. */
interface WorkerGlobalScopeEventMap {
  error: ErrorEvent;
}
