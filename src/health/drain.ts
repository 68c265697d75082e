import { Injectable } from '@nestjs/common';

/** Whether the process is on its way out: it takes no new work, and running calls may finish. */
@Injectable()
export class Drain {
  private begun = false;

  get draining(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}
