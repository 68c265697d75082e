import { Module, type DynamicModule } from '@nestjs/common';
import { Siblings } from '../base/work/siblings.js';

@Module({})
class SiblingsModule {}

/** Makes this process's siblings injectable everywhere. */
export function siblingsModule(siblings: Siblings): DynamicModule {
  return {
    module: SiblingsModule,
    global: true,
    providers: [{ provide: Siblings, useValue: siblings }],
    exports: [Siblings],
  };
}
