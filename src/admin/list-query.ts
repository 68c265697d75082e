import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from '../base/shape/class-validator.js';

/** Query parameters of every list of the admin interface. */
export class ListQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 20;

  @IsOptional()
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'desc';

  @IsOptional()
  @Matches(/^[\x20-\x7e]{1,1000}$/, { message: 'after must be the last_id of the page before' })
  after?: string;
}
