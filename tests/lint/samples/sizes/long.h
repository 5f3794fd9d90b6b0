/* too long a file */
~times 500 
