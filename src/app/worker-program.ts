/** A program of the plugin that runs in workers. The build makes a file of the URL given to the constructor. */
export class WorkerProgram {
  private readonly url: URL;
  private wrapper: string | undefined;

  constructor(url: URL) {
    this.url = url;
  }

  /**
   * A new classic worker. Browsers refuse workers from another origin, where a Grafana with a CDN has the plugin's files; there the worker
   * is a line of our own origin that imports the program. Throws what `new Worker` throws.
   */
  start(): Worker {
    return new Worker(this.url.origin === location.origin ? this.url : this.sameOriginUrl());
  }

  private sameOriginUrl(): string {
    const line = `importScripts(${JSON.stringify(this.url.href)});`;
    this.wrapper ??= URL.createObjectURL(new Blob([line], { type: 'text/javascript' }));
    return this.wrapper;
  }
}
