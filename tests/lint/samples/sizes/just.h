/* just long enough */
~times 499 
